-- Accounts. A row stays for ever, so that an id is never given twice and old entries keep an author.
CREATE TABLE accounts (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL,
    key           TEXT UNIQUE,              -- the name in lower case; NULL once the name is free again
    password      TEXT,                     -- a PHC string; NULL once deleted
    role          TEXT NOT NULL,
    disabled      INTEGER NOT NULL DEFAULT 0,
    created       INTEGER NOT NULL,
    deleted       INTEGER,
    failed_logins INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE tokens (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    account   INTEGER NOT NULL REFERENCES accounts (id),
    hash      BLOB NOT NULL UNIQUE,
    device    TEXT NOT NULL,
    prefix    TEXT NOT NULL,                -- of the address it was made from
    created   INTEGER NOT NULL,
    last_used INTEGER NOT NULL
) STRICT;
CREATE INDEX tokens_of_account ON tokens (account, id);

CREATE TABLE invites (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    hash    BLOB NOT NULL UNIQUE,
    role    TEXT NOT NULL,
    made_by INTEGER REFERENCES accounts (id),
    expires INTEGER NOT NULL
) STRICT;

CREATE TABLE blocks (
    account INTEGER NOT NULL REFERENCES accounts (id),
    blocked INTEGER NOT NULL REFERENCES accounts (id),
    PRIMARY KEY (account, blocked)
) STRICT, WITHOUT ROWID;

-- Conversations.
CREATE TABLE conversations (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    kind  TEXT NOT NULL CHECK (kind IN ('everyone', 'direct', 'room')),
    low   INTEGER REFERENCES accounts (id), -- of a direct conversation: the lower account id
    high  INTEGER REFERENCES accounts (id), -- and the higher
    head  INTEGER NOT NULL DEFAULT 0,       -- the place of the newest entry
    start INTEGER NOT NULL DEFAULT 1,       -- the place of the oldest kept entry
    posts INTEGER NOT NULL DEFAULT 0,       -- how many messages were ever posted
    CHECK ((kind = 'direct') = (low IS NOT NULL AND high IS NOT NULL AND low <= high))
) STRICT;
CREATE UNIQUE INDEX direct_pair ON conversations (low, high) WHERE kind = 'direct';
CREATE INDEX direct_high ON conversations (high) WHERE kind = 'direct';

CREATE TABLE rooms (
    conversation INTEGER PRIMARY KEY REFERENCES conversations (id),
    name         TEXT NOT NULL,
    key          TEXT NOT NULL UNIQUE,
    topic        TEXT NOT NULL DEFAULT '',
    visibility   TEXT NOT NULL,
    backscroll   TEXT NOT NULL DEFAULT 'all',
    slow_mode    INTEGER NOT NULL DEFAULT 0, -- milliseconds
    keep_for     INTEGER,                    -- milliseconds
    keep_last    INTEGER,
    archived     INTEGER NOT NULL DEFAULT 0,
    members      INTEGER NOT NULL DEFAULT 0  -- how many; kept by the triggers below
) STRICT;

-- Every name a room has or had, so that a renamed room is found under its old name.
CREATE TABLE room_names (
    key          TEXT PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES rooms (conversation)
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
    conversation INTEGER NOT NULL REFERENCES rooms (conversation),
    account      INTEGER NOT NULL REFERENCES accounts (id),
    role         TEXT NOT NULL,
    reads_from   INTEGER NOT NULL,
    posted_at    INTEGER,
    PRIMARY KEY (conversation, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX rooms_of_member ON members (account);
CREATE TRIGGER member_came AFTER INSERT ON members BEGIN
    UPDATE rooms SET members = members + 1 WHERE conversation = new.conversation;
END;
CREATE TRIGGER member_went AFTER DELETE ON members BEGIN
    UPDATE rooms SET members = members - 1 WHERE conversation = old.conversation;
END;

CREATE TABLE invitations (
    conversation INTEGER NOT NULL REFERENCES rooms (conversation),
    account      INTEGER NOT NULL REFERENCES accounts (id),
    invited_by   INTEGER NOT NULL REFERENCES accounts (id),
    PRIMARY KEY (conversation, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_of_account ON invitations (account);

CREATE TABLE bans (
    conversation INTEGER NOT NULL REFERENCES rooms (conversation),
    account      INTEGER NOT NULL REFERENCES accounts (id),
    until        INTEGER,
    PRIMARY KEY (conversation, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE mutes (
    conversation INTEGER NOT NULL REFERENCES rooms (conversation),
    account      INTEGER NOT NULL REFERENCES accounts (id),
    until        INTEGER,
    PRIMARY KEY (conversation, account)
) STRICT, WITHOUT ROWID;

-- The logs.
CREATE TABLE entries (
    id           INTEGER PRIMARY KEY AUTOINCREMENT, -- rises over all conversations; the search index follows it
    conversation INTEGER NOT NULL REFERENCES conversations (id),
    seq          INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    author       INTEGER NOT NULL REFERENCES accounts (id),
    message      TEXT,
    kind         TEXT NOT NULL,
    text         TEXT,                      -- of a message as it reads now; NULL once deleted
    target       INTEGER,
    reply_to     INTEGER,
    detail       TEXT,                      -- JSON: what is not asked for by a query
    ordinal      INTEGER NOT NULL,          -- how many messages were posted up to here
    own          INTEGER,                   -- of a message: how many its author had posted here
    edited_at    INTEGER,
    UNIQUE (conversation, seq)
) STRICT;
CREATE INDEX posts_of_author ON entries (author, conversation, seq) WHERE kind = 'posted';
CREATE INDEX edits_of_message ON entries (conversation, target) WHERE kind = 'edited';

-- What each account has sent, under its own name for it. Outlives the entry: the promise that a
-- repeated send gets the first answer holds however long ago that was.
CREATE TABLE sent (
    author       INTEGER NOT NULL REFERENCES accounts (id),
    message      TEXT NOT NULL,
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    fingerprint  BLOB NOT NULL,
    PRIMARY KEY (author, message)
) STRICT, WITHOUT ROWID;

CREATE TABLE reactions (
    conversation INTEGER NOT NULL,
    target       INTEGER NOT NULL,
    emoji        TEXT NOT NULL,
    account      INTEGER NOT NULL,
    seq          INTEGER NOT NULL,          -- of the entry that put it: the order to show them in
    PRIMARY KEY (conversation, target, emoji, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE mentions (
    account      INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    PRIMARY KEY (account, conversation, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_in_message ON mentions (conversation, seq);

-- Entries whose text changed or went, in the order it happened: the search index follows this too.
CREATE TABLE amended (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    entry INTEGER NOT NULL
) STRICT;

-- How far an account has read, and whether it wants to hear of it.
CREATE TABLE positions (
    account      INTEGER NOT NULL REFERENCES accounts (id),
    conversation INTEGER NOT NULL REFERENCES conversations (id),
    read         INTEGER NOT NULL DEFAULT 0,
    muted        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, conversation)
) STRICT, WITHOUT ROWID;

INSERT INTO conversations (id, kind) VALUES (1, 'everyone');
