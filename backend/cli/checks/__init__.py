"""What `tally doctor` looks at. Each check yields findings and never raises for what it finds."""
