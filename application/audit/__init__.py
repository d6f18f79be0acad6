"""What auditors ask of the desk itself: what the checks of the whole record found, and who read whose words."""
