"""What the platform does, one use case a method. Knows ports, not stores."""
