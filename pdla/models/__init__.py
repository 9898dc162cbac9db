"""Networks that score a leg. LegScorer trains them all; a subclass gives only the network."""
