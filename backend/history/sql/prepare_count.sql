SELECT prepare_count()
