"""Lines, polylines and planes through the input space of a network of any size."""
