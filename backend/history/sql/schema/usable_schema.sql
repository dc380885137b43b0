-- Where tables would be made. Null: nowhere, for no schema of the search path is there, or may be used.
SELECT current_schema() AS name, current_user AS account
