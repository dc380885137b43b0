SELECT events, digest FROM digest_of_events(:after, :until)
