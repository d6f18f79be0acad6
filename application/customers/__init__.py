"""What customers do themselves: report, follow, add, dispute and accept by the links in their mails."""
