"""Background processes: they send mail, and close cases that nobody disputed. Time is an argument.

Timers are views, so they are durable and can be rebuilt. The aggregate decides, so each action happens once, however
often its timer fires (decision 7).
"""
