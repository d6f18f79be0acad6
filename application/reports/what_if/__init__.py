"""What if: the recorded history under another policy, beside what was. Nothing is recorded."""
