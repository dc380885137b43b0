"""The web server: sockets, processes and what stands before them."""
