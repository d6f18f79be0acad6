"""What every request passes before its route: how long, how many, how large."""
