"""What a run shows to people: curves, pictures, and what the network looked at."""
