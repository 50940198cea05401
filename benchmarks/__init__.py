"""Speed beside a named rival, as ratios from one run. Never an assertion: machines differ."""
