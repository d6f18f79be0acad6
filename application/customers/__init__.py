"""Commands of customers: report, and by the links in their mails follow, add, dispute and accept."""
