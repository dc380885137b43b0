SELECT first_id_of(:month)
