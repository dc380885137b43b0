"""What servers keep on disk between starts, and who may touch it."""
