"""What the regions look like."""
