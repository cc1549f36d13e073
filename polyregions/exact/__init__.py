"""What makes a count exact: rational evaluation, the float filter, predicates and an exact simplex."""
