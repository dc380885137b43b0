"""Who may not start, in memory: gates and rates, and the lines behind them."""
