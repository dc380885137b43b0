"""What a job is: pure Python, imports nothing of ours from outside, asks neither clock nor store."""
