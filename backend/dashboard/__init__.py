"""Pages for people, under /dashboard/jobs. The API's own handlers act, under the API's own rights."""
