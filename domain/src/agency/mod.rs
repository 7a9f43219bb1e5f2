//! An agency: its members, brand, hosts and API keys.

mod apps;
mod event;

pub use apps::Apps;
pub use event::{AgencyEvent, ApiKeyScope, Branding, Colour, InvalidColour, MailHabits, Role};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    aggregate::aggregate,
    host::HostName,
    ids::{MemberId, Mode},
    personal::Personal,
    provider::ProviderId,
    secret_hash::SecretHash,
    trail::Reminders,
};

/// An agency, folded from its events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Agency {
    name: Option<String>,
    branding: Branding,
    hosts: Vec<HostName>,
    members: BTreeMap<MemberId, Role>,
    keys: BTreeMap<u32, ApiKey>,
    erased: BTreeSet<MemberId>,
    mail_account: Option<u32>,
    mail_accounts: u32,
    mail_habits: MailHabits,
    #[serde(default)]
    apps: Apps,
}

/// An API key as the agency knows it; the secret itself is shown once and kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// SHA-256 of its secret.
    pub secret_hash: SecretHash,
    /// The world it opens.
    pub mode: Mode,
    /// The member in whose name it acts.
    pub member: MemberId,
    /// What it may do.
    pub scopes: BTreeSet<ApiKeyScope>,
    /// Whether it was taken back.
    pub revoked: bool,
}

impl Agency {
    /// The company's name, once the agency was created.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// How its pages look.
    pub fn branding(&self) -> &Branding {
        &self.branding
    }

    /// The host that new links open on: the first that was added.
    pub fn host(&self) -> Option<&HostName> {
        self.hosts.first()
    }

    /// Whether a host is one of its own.
    pub fn has_host(&self, host: &HostName) -> bool {
        self.hosts.contains(host)
    }

    /// What a member may do; none for a stranger.
    pub fn role(&self, member: MemberId) -> Option<Role> {
        self.members.get(&member).copied()
    }

    /// The owner who joined first.
    pub fn first_owner(&self) -> Option<MemberId> {
        self.members
            .iter()
            .find(|(_, role)| **role == Role::Owner)
            .map(|(member, _)| *member)
    }

    /// Whether a person was a member and was erased.
    pub fn has_erased(&self, member: MemberId) -> bool {
        self.erased.contains(&member)
    }

    /// Whether a person can be erased: a member, or one that was; and somebody must own the agency afterwards.
    ///
    /// # Errors
    /// Why not.
    pub fn can_erase(&self, member: MemberId) -> Result<(), AgencyError> {
        let mut others = self.members.iter().filter(|(other, _)| **other != member);
        match self.role(member) {
            None if self.has_erased(member) => Ok(()),
            None => Err(AgencyError::MemberUnknown),
            Some(Role::Owner) if !others.any(|(_, role)| *role == Role::Owner) => Err(AgencyError::LastOwner),
            Some(_) => Ok(()),
        }
    }

    /// The number of the mail account that is its own; none when its mail leaves over the installation's.
    pub fn mail_account(&self) -> Option<u32> {
        self.mail_account
    }

    /// The number that its next mail account will have.
    pub fn next_mail_account(&self) -> u32 {
        self.mail_accounts + 1
    }

    /// Which mails it sends by itself.
    pub fn mail_habits(&self) -> MailHabits {
        self.mail_habits
    }

    /// Its own apps at providers.
    pub fn apps(&self) -> &Apps {
        &self.apps
    }

    /// The number that the next key will have.
    pub fn next_key_number(&self) -> u32 {
        self.keys.keys().next_back().map_or(1, |last| last + 1)
    }

    /// The key of that number, if it still opens.
    pub fn key(&self, number: u32) -> Option<&ApiKey> {
        self.keys.get(&number).filter(|key| !key.revoked)
    }
}

/// What can be asked of an agency.
#[derive(Clone, Debug)]
pub enum AgencyCommand {
    /// Creates it.
    Create {
        /// The company's name.
        name: String,
    },
    /// Changes how its pages look.
    ChangeBranding {
        /// The new look.
        branding: Branding,
    },
    /// Adds a host that it owns.
    AddHost {
        /// The name.
        host: HostName,
    },
    /// Adds a person.
    AddMember {
        /// The id.
        member: MemberId,
        /// What the person may do.
        role: Role,
        /// Name and e-mail address.
        personal: Option<Personal>,
    },
    /// Adds an API key under the next free number.
    IssueApiKey {
        /// SHA-256 of its secret.
        secret_hash: SecretHash,
        /// The world it opens.
        mode: Mode,
        /// The member in whose name it acts.
        member: MemberId,
        /// What it may do.
        scopes: BTreeSet<ApiKeyScope>,
    },
    /// Takes an API key back.
    RevokeApiKey {
        /// Its number.
        number: u32,
    },
    /// Sends its mail over a server of its own, under the next free number.
    SetMailAccount,
    /// Sends its mail over the installation's server again.
    RemoveMailAccount,
    /// Signs in at a provider through an app of its own from now on, under the next free number.
    SetProviderApp {
        /// The provider.
        provider: ProviderId,
        /// The app's client id there.
        client_id: String,
    },
    /// Signs in at a provider through the installation's app again.
    RemoveProviderApp {
        /// The provider.
        provider: ProviderId,
    },
    /// Changes which mails it sends by itself.
    ChangeMailHabits {
        /// From now on.
        habits: MailHabits,
    },
    /// Erases a person, whose keys die with it.
    EraseMember {
        /// The id.
        member: MemberId,
        /// Whether that is meant of the last owner too, who leaves the agency to nobody.
        even_the_last_owner: bool,
    },
}

/// Why an agency refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgencyError {
    /// Nobody created it.
    #[error("there is no such agency")]
    NotFound,
    /// It stands already.
    #[error("the agency was created before")]
    AlreadyCreated,
    /// A company needs a name.
    #[error("an agency's name has 1 to 120 characters")]
    InvalidName,
    /// The person is a member already.
    #[error("the member was added before")]
    MemberKnown,
    /// The person is no member.
    #[error("there is no such member")]
    MemberUnknown,
    /// There is no such key.
    #[error("there is no such API key")]
    KeyUnknown,
    /// Nobody would own the agency.
    #[error("this is the agency's last owner: add another one first")]
    LastOwner,
    /// Nobody wants so much mail.
    #[error("reminders come every 1 to 30 days, 1 to 5 times")]
    TooManyReminders,
}

impl Agency {
    fn decide(&self, command: AgencyCommand) -> Result<Vec<AgencyEvent>, AgencyError> {
        use AgencyCommand::{
            AddHost, AddMember, ChangeBranding, ChangeMailHabits, Create, EraseMember, IssueApiKey, RemoveMailAccount,
            RemoveProviderApp, RevokeApiKey, SetMailAccount, SetProviderApp,
        };
        match command {
            Create { .. } if self.name.is_some() => Err(AgencyError::AlreadyCreated),
            Create { name } if name.trim().is_empty() || name.chars().count() > 120 => Err(AgencyError::InvalidName),
            Create { name } => Ok(vec![AgencyEvent::Created { name }]),
            _ if self.name.is_none() => Err(AgencyError::NotFound),
            ChangeBranding { branding } if branding == self.branding => Ok(vec![]),
            ChangeBranding { branding } => Ok(vec![AgencyEvent::BrandingChanged { branding }]),
            SetMailAccount => Ok(vec![AgencyEvent::MailAccountSet {
                number: self.next_mail_account(),
            }]),
            RemoveMailAccount if self.mail_account.is_none() => Ok(vec![]),
            RemoveMailAccount => Ok(vec![AgencyEvent::MailAccountRemoved {}]),
            SetProviderApp { provider, client_id } => Ok(vec![AgencyEvent::ProviderAppSet {
                number: self.apps.next_number(),
                provider,
                client_id,
            }]),
            RemoveProviderApp { provider } if self.apps.of(&provider).is_none() => Ok(vec![]),
            RemoveProviderApp { provider } => Ok(vec![AgencyEvent::ProviderAppRemoved { provider }]),
            ChangeMailHabits { habits } if habits == self.mail_habits => Ok(vec![]),
            ChangeMailHabits { habits } if !habits.reminders.is_none_or(is_bearable) => {
                Err(AgencyError::TooManyReminders)
            }
            ChangeMailHabits { habits } => Ok(vec![AgencyEvent::MailHabitsChanged { habits }]),
            AddHost { host } if self.has_host(&host) => Ok(vec![]),
            AddHost { host } => Ok(vec![AgencyEvent::HostAdded { host }]),
            AddMember { member, .. } if self.members.contains_key(&member) || self.erased.contains(&member) => {
                Err(AgencyError::MemberKnown)
            }
            AddMember { member, role, personal } => Ok(vec![AgencyEvent::MemberAdded { member, role, personal }]),
            IssueApiKey { member, .. } if !self.members.contains_key(&member) => Err(AgencyError::MemberUnknown),
            IssueApiKey {
                secret_hash,
                mode,
                member,
                scopes,
            } => {
                let number = self.next_key_number();
                Ok(vec![AgencyEvent::ApiKeyIssued {
                    number,
                    secret_hash,
                    mode,
                    member,
                    scopes,
                }])
            }
            RevokeApiKey { number } => match self.keys.get(&number) {
                None => Err(AgencyError::KeyUnknown),
                Some(key) if key.revoked => Ok(vec![]),
                Some(_) => Ok(vec![AgencyEvent::ApiKeyRevoked { number }]),
            },
            EraseMember {
                member,
                even_the_last_owner,
            } => self.erase(member, even_the_last_owner),
        }
    }

    fn erase(&self, member: MemberId, even_the_last_owner: bool) -> Result<Vec<AgencyEvent>, AgencyError> {
        if self.has_erased(member) {
            return Ok(vec![]);
        }
        match self.can_erase(member) {
            Err(AgencyError::LastOwner) if even_the_last_owner => {}
            answer => answer?,
        }
        let keys = self.keys.iter().filter(|(_, key)| key.member == member && !key.revoked);
        let revoked = keys.map(|(number, _)| AgencyEvent::ApiKeyRevoked { number: *number });
        Ok(revoked.chain([AgencyEvent::MemberErased { member }]).collect())
    }

    fn evolve(&mut self, event: &AgencyEvent) {
        match event {
            AgencyEvent::Created { name } => self.name = Some(name.clone()),
            AgencyEvent::BrandingChanged { branding } => self.branding = branding.clone(),
            AgencyEvent::HostAdded { host } => self.hosts.push(host.clone()),
            AgencyEvent::MemberAdded { member, role, .. } => {
                self.members.insert(*member, *role);
            }
            AgencyEvent::ApiKeyIssued {
                number,
                secret_hash,
                mode,
                member,
                scopes,
            } => {
                let key = ApiKey {
                    secret_hash: *secret_hash,
                    mode: *mode,
                    member: *member,
                    scopes: scopes.clone(),
                    revoked: false,
                };
                self.keys.insert(*number, key);
            }
            AgencyEvent::ApiKeyRevoked { number } => {
                if let Some(key) = self.keys.get_mut(number) {
                    key.revoked = true;
                }
            }
            AgencyEvent::MemberErased { member } => {
                self.members.remove(member);
                self.erased.insert(*member);
            }
            AgencyEvent::MailAccountSet { number } => {
                self.mail_account = Some(*number);
                self.mail_accounts = *number;
            }
            AgencyEvent::MailAccountRemoved {} => self.mail_account = None,
            AgencyEvent::ProviderAppSet {
                provider,
                client_id,
                number,
            } => self.apps.set(provider, client_id, *number),
            AgencyEvent::ProviderAppRemoved { provider } => self.apps.remove(provider),
            AgencyEvent::MailHabitsChanged { habits } => self.mail_habits = *habits,
        }
    }
}

fn is_bearable(reminders: Reminders) -> bool {
    (1..=30).contains(&reminders.after_days) && (1..=5).contains(&reminders.at_most)
}

aggregate!(Agency, "agency", AgencyCommand => AgencyEvent, AgencyError);
