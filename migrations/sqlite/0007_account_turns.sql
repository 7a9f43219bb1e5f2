-- Whose turn it is to decide about a provider account: whether its access is taken back, or stood on. A turn that nobody ended is
-- over at its time.
CREATE TABLE account_turn (
    account_key blob    NOT NULL PRIMARY KEY,
    holder      text    NOT NULL,
    until       integer NOT NULL
) STRICT;
