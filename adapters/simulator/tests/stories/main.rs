//! Stories about the simulated Google, told over HTTP as an application and a browser would live them.

#[cfg(test)]
mod accounts_in_trouble;
#[cfg(test)]
mod business_profile;
#[cfg(test)]
mod generic;
#[cfg(test)]
mod grants;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod refreshing;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod remote_control;
#[cfg(test)]
mod returning;
#[cfg(test)]
mod signing_in;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tokens;
