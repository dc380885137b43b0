"""Jobs, attempts and sums as they are asked for."""
