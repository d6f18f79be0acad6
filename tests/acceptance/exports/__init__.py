"""The exports, as the command writes them and other tools read them."""
