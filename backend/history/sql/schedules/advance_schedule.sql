UPDATE schedules SET next_at = :next_at, next_due_at = :next_due_at
WHERE id = :id AND revision = :seen_revision AND next_at = :seen_next_at
