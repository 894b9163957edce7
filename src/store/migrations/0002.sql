-- Messages whose text was deleted: they are not unread.
CREATE INDEX deleted_posts ON entries (conversation, seq, author)
    WHERE kind = 'posted' AND text IS NULL;
