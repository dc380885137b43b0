SELECT o.job_id FROM job_outbox o JOIN jobs j ON j.id = o.job_id
WHERE o.number = ANY(:numbers) AND is_later(j.position, o.sent_after)
