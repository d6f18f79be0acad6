"""What the desk does by itself: it sends the mails, and closes the cases that nobody disputed. Time is an argument.

The timers are views, so they are durable and can be rebuilt. The aggregate decides whether something is done, so it is
done once, however often a timer fires (decision 7).
"""
