-- Until when nobody looks after a credential by itself, because its provider is to be left alone. Whoever reads it may ask.
ALTER TABLE refresh ADD COLUMN put_off_until integer NOT NULL DEFAULT 0;
