"""Everything on one machine, for a first look: servers, processes, and a demonstration."""
