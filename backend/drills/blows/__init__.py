"""What is done to a deployment, by what it is done to.

Each blow says which jobs may begin again because of it: those in flight, or none where no job may.
"""
