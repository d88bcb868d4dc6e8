//! How a registry is entered, while it is being typed. Two pages have it; knows neither.

use sealift::{Credentials, RegistryAccess};
use zeroize::Zeroizing;

use super::secret::{Edit, Secret};

/// A login for one registry, and what it is allowed. All empty, the logins of the user's container tools count.
#[derive(Debug, Default)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: Secret,
    /// HTTP without TLS.
    pub(crate) plain_http: bool,
    /// Missing projects may be made.
    pub(crate) create_projects: bool,
}

/// What happens to it.
#[derive(Debug)]
pub(crate) enum Change {
    User(String),
    Password(Edit),
    PlainHttp(bool),
    CreateProjects(bool),
}

impl Login {
    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::User(user) => self.user = user,
            Change::Password(edit) => self.password.apply(edit),
            Change::PlainHttp(plain_http) => self.plain_http = plain_http,
            Change::CreateProjects(create_projects) => self.create_projects = create_projects,
        }
    }

    /// As the library takes it.
    pub(crate) fn access(&self) -> RegistryAccess {
        let user = self.user.trim();
        let password = || Zeroizing::new(self.password.as_str().to_owned());
        RegistryAccess {
            credentials: (!user.is_empty()).then(|| Credentials::new(user, password())),
            plain_http: self.plain_http,
            create_projects: self.create_projects,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_user_the_logins_of_container_tools_count() {
        let mut login = Login::default();
        login.apply(Change::Password(Edit::Insert(Zeroizing::new("secret".to_owned()))));
        assert_eq!(login.access().credentials, None);
        login.apply(Change::User(" robot$ci ".into()));
        let expected = Credentials::new("robot$ci", Zeroizing::new("secret".to_owned()));
        assert_eq!(login.access().credentials, Some(expected));
    }
}
