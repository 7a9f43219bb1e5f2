//! What every page promises, proved on every page: whose it is, what it may load, and that no text can become markup.

mod colours;
mod leading_on;
mod promises;
mod sample_pickers;
mod samples;
mod words;
