-- What was said last of each pause and each limit, as far back as the audit log goes.
SELECT DISTINCT ON (object, action = 'types.limit') object, action, after::text, actor, at
FROM audit_log
WHERE outcome = 'done' AND action IN (
  'queues.pause', 'queues.resume', 'queues.pause_lane', 'queues.resume_lane', 'types.pause', 'types.resume',
  'types.limit')
ORDER BY object, action = 'types.limit', number DESC
