"""What can be said of networks too large to count: estimates, and lower bounds that hold with a stated probability."""
