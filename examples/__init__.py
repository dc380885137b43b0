"""Job types of one's own, as a user of Tally writes them."""
