"""What the platform's HTTP services share: who may ask, how much at once, where they listen, what is counted."""
