SELECT id FROM jobs WHERE id = ANY(:ids)
