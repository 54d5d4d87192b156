"""Settings of the site. What differs between installations comes from the environment: see docs/reference/settings.md."""

import importlib.util
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

from django.utils.csp import CSP

from accounts.logs import mask_event, mask_tokens

from .environment import Environment, SettingError

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

#: Each in its own words: who looks for theirs reads no other. A new one needs its catalogue and formats: docs/how-to/translate.md.
LANGUAGES = [("en", "English"), ("it", "Italiano")]

try:
    #: The demonstration: production's pages over plain http on this machine. Set by `manage.py demo` alone.
    DEMO = env.flag("COHORTS_DEMO")
    DEBUG = env.flag("DEBUG")
    SITE_NAME = env.text("SITE_NAME", "Cohorts")
    LOCAL = DEBUG or DEMO

    if LOCAL:
        _this_machine = ["localhost", "127.0.0.1", "[::1]", "testserver"]
        ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS") or _this_machine
        if not set(ALLOWED_HOSTS) <= set(_this_machine):
            # Set by mistake where others come by, either of the two would take the locks off.
            if DEMO:
                raise SettingError("COHORTS_DEMO is for this machine alone, and ALLOWED_HOSTS names others. Leave it unset.")
            env.required("SECRET_KEY", "ALLOWED_HOSTS names other machines, and the key for development is known to everybody.")
        SECRET_KEY = env.text("SECRET_KEY", "insecure-development-key-for-this-machine-only-0123456789")
    else:
        SECRET_KEY = env.required("SECRET_KEY", "a long random text; or set DEBUG=1 for development.")
        env.required("ALLOWED_HOSTS", "the names of this site, comma separated; or set DEBUG=1 for development.")
        ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS")

    #: Keys of before, which still open what they signed and sealed.
    SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")

    #: Where people find the site, for links in mails.
    if LOCAL:
        SITE_URL = env.origin("SITE_URL", "http://127.0.0.1:8000")
    else:
        _host = next(iter(ALLOWED_HOSTS), "").removeprefix("*").removeprefix(".") or "localhost"
        SITE_URL = env.origin("SITE_URL", f"https://{_host}")

    DATABASE = env.database("DATABASE_URL", f"sqlite:///{quote(str(BASE_DIR))}/var/db.sqlite3")
    # Limits are counted in it, so production's is shared by all processes. `migrate` makes its table.
    CACHE = env.cache("CACHE_URL", "locmemcache://" if LOCAL else "dbcache://cache")
    MAILER = env.mailer("EMAIL_URL", "consolemail://" if LOCAL else "smtp://localhost:25")
    #: Whose webhooks tell what became of mail; empty: nobody's, and no address takes any.
    MAIL_EVENTS_PROVIDER, ANYMAIL = env.mail_events(
        "ANYMAIL_PROVIDER",
        "ANYMAIL_WEBHOOK_SECRETS",
        "ANYMAIL_SIGNING_KEY",
        default=MAILER.get("OPTIONS", {}).get("provider", ""),
    )
    DEFAULT_FROM_EMAIL = env.email("DEFAULT_FROM_EMAIL", "cohorts@localhost", with_name=True)
    CONTACT_EMAIL = env.email("CONTACT_EMAIL")
    CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")
    TRUSTED_PROXIES = env.whole("TRUSTED_PROXIES", 0) or 0
    # A relative path begins at the site's folder, wherever the process was started.
    MEDIA_ROOT = (BASE_DIR / env.text("MEDIA_ROOT", "media")).resolve()
    if any(MEDIA_ROOT.is_relative_to(BASE_DIR / public) for public in ("static", "staticfiles")):
        raise SettingError("MEDIA_ROOT lies in a folder that everybody can read. Choose one outside of static and staticfiles.")
    #: For visitors whose browser asks for none that the site speaks, and for mail to those who chose none.
    LANGUAGE_CODE = env.choice("LANGUAGE_CODE", [code for code, _name in LANGUAGES], "en")
    #: Where backups go, and where it is written down when the last one was made.
    BACKUP_FOLDER = (BASE_DIR / env.text("BACKUP_FOLDER", "var/backups")).resolve()
    if any(BACKUP_FOLDER.is_relative_to(place) for place in (BASE_DIR / "static", BASE_DIR / "staticfiles", MEDIA_ROOT)):
        raise SettingError("BACKUP_FOLDER lies among static or uploaded files. Choose one outside of them.")
    #: The folder with pg_dump and pg_restore, where they are not found by themselves.
    POSTGRESQL_PROGRAMS = env.text("POSTGRESQL_PROGRAMS")
    LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), "WARNING" if DEMO else "INFO")
    #: `json`: a line of JSON for each record, and one for each request, for programs that collect logs.
    LOG_FORMAT = env.choice("LOG_FORMAT", ("text", "json"), "text")
    #: Whoever has it may read /metrics; without it there is no such page.
    METRICS_TOKEN = env.text("METRICS_TOKEN")
    if METRICS_TOKEN and len(METRICS_TOKEN) < 20:
        raise SettingError(
            "METRICS_TOKEN must be a random text of 20 characters or more: it is all that keeps the figures to yourself."
        )
    #: Where the processes of this machine add up what each has counted.
    METRICS_FOLDER = (BASE_DIR / env.text("METRICS_FOLDER", "var/metrics")).resolve()
    SENTRY_DSN = env.origin("SENTRY_DSN", "", user=True)
    SENTRY_ENVIRONMENT = env.text("SENTRY_ENVIRONMENT", "production")
    if SENTRY_DSN and importlib.util.find_spec("sentry_sdk") is None:
        raise SettingError("SENTRY_DSN asks for Sentry, for which the Python package “sentry-sdk” must be installed.")
    REDIS_URL = env.redis("REDIS_URL")
    TASKS_BACKEND = env.tasks("TASKS_BACKEND", redis="REDIS_URL")

    GITHUB_URL = env.origin("GITHUB_URL", "https://github.com")
    GITHUB_API_URL = env.origin("GITHUB_API_URL", "https://api.github.com")
    GITHUB_TOKENS = env.words("GITHUB_TOKENS") or env.words("GITHUB_TOKEN")
    GITHUB_CLIENT_ID = env.text("GITHUB_CLIENT_ID")
    GITHUB_CLIENT_SECRET = env.text("GITHUB_CLIENT_SECRET")
    GITHUB_WEBHOOK_SECRETS = env.words("GITHUB_WEBHOOK_SECRETS")
    #: Folder of deliveries that wait for the database; below it is one for each database.
    WEBHOOK_SPOOL = Path(env.text("WEBHOOK_SPOOL", str(BASE_DIR / "var" / "webhooks")))
    if bool(GITHUB_CLIENT_ID) != bool(GITHUB_CLIENT_SECRET):
        missing = "GITHUB_CLIENT_SECRET" if GITHUB_CLIENT_ID else "GITHUB_CLIENT_ID"
        raise SettingError(f"{missing} is required: GitHub's log-in needs both the client id and its secret.")
    GITHUB_APP_ID = env.whole("GITHUB_APP_ID")
    GITHUB_APP_PRIVATE_KEY = env.private_key("GITHUB_APP_PRIVATE_KEY")
    if (GITHUB_APP_ID is None) != (not GITHUB_APP_PRIVATE_KEY):
        missing = "GITHUB_APP_ID" if GITHUB_APP_ID is None else "GITHUB_APP_PRIVATE_KEY"
        raise SettingError(f"{missing} is required: a GitHub App needs both its id and its private key.")
    TRAC_URL = env.origin("TRAC_URL", "https://code.djangoproject.com")
    TRAC_API_URL = env.origin("TRAC_API_URL", "https://www.djangoproject.com/trac/api")
    GITLAB_URLS = env.origin_list("GITLAB_URLS", "https://gitlab.com")
    #: By the address of the GitLab.
    GITLAB_TOKENS = env.secrets_by_origin("GITLAB_TOKENS", GITLAB_URLS)
except SettingError as error:
    # One line that names the variable, instead of a traceback in which it drowns.
    sys.exit(f"Cannot start: {error}")

#: An httpx2 transport in place of the network, for tests.
GITHUB_TRANSPORT = None
#: The same for trackers.
TRACKER_TRANSPORT = None

INSTALLED_APPS = [
    "config.admin.CohortsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_tasks_db",
    "background",
    "operations",
    "accounts",
    "cohorts",
    "contributions",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.github",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "background.middleware.HealthMiddleware",
    "operations.metrics.page.MetricsMiddleware",
    "operations.request_ids.RequestIdMiddleware",
    "operations.requests.RequestsMiddleware",
    "contributions.middleware.WebhookMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "accounts.middleware.FormEncodingMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.audit.acting.ActingMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.access.middleware.SecondFactorMiddleware",
    "accounts.access.middleware.RecentProofMiddleware",
    "accounts.middleware.TimeZoneMiddleware",
    "accounts.middleware.PrivatePagesMiddleware",
    "accounts.terms_asked.TermsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context_processors.site",
                "cohorts.context_processors.navigation",
            ],
            "builtins": ["accounts.templatetags.interface"],
        },
    }
]

# Database. SQLite loses a fifth of its writes under load with Django's defaults; with these settings, none. Never `mmap_size`.
if DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    DATABASE |= {
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
    if DATABASE["NAME"] != ":memory:":
        # A relative path begins at the site's folder, wherever the process was started.
        DATABASE["NAME"] = str(BASE_DIR / DATABASE["NAME"])
        try:
            Path(DATABASE["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            sys.exit(f"Cannot start: DATABASE_URL names a folder that cannot be made ({error.strerror}).")
else:
    DATABASE |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
DATABASES = {"default": DATABASE}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": CACHE}

# Where tasks wait: a row in the database, or a message in Redis. No list of queues: workers take from all of them.
if TASKS_BACKEND == "database":
    TASKS: dict[str, dict] = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}
else:
    _engine = {"huey": "background.engines.huey.HueyBackend", "celery": "background.engines.celery.CeleryBackend"}
    TASKS = {"default": {"BACKEND": _engine[TASKS_BACKEND], "QUEUES": [], "OPTIONS": {"url": REDIS_URL}}}

MAILERS = {"default": MAILER}
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "accounts.adapters.SocialAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.signup.SignupForm"
ACCOUNT_FORMS = {"signup": "accounts.forms.signup_by_email.SignUpByEmailForm"}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
# Mail takes its time: servers that see a sender for the first time often let it wait for five minutes. Codes stand for three attempts.
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http" if LOCAL else "https"
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# Ours beside allauth's own: see accounts.limits. Counted in the cache, which all processes share in production.
ACCOUNT_RATE_LIMITS = {
    "concern": "10/h/ip,200/h/key",
    "concern_words": "60/h/key",
    "contact": "5/h/ip,100/h/key",
    "export": "10/h/user",
    "keep_entry": "60/h/ip",
    "late_code": "20/h/user",
    "signup": "20/m/ip,100/h/ip",
    # So many an hour from one network, and altogether, before people are asked for one press more.
    "signup_unasked": "10/h/ip,200/h/key",
    "sync": "60/h/user",
    "track": "120/h/user",
    # By the link and not by the address on the network: a mail provider asks for all its people from one.
    "unsubscribe": "30/h/key",
    "upload": "60/h/user",
}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
MFA_ADAPTER = "accounts.adapters.MFAAdapter"
# A clock that is half a minute off still makes codes that count.
MFA_TOTP_TOLERANCE = 1
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {"login_webauthn": "accounts.forms.passkey.PasskeyForm"}
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = LOCAL
USERSESSIONS_TRACK_ACTIVITY = False
#: In place of allauth's tracking, which writes a row with each page.
LAST_SEEN_MINUTES = 10
# Locks that no variable opens. The demonstration alone goes without the second step; `check --deploy` insists on all three.
#: Whoever has a part in a session sets up a second step before they see more than public pages and their own.
MFA_REQUIRED_FOR_ROLES = not DEMO
#: Publishing, giving roles, taking people's data out and deleting ask again who it is: see accounts.access.proving.
PROOF_FOR_SENSITIVE_ACTIONS = True
SIGNUP_GUARD = True
SOCIALACCOUNT_STORE_TOKENS = False
# Log-in by an address that both GitHub and we have confirmed: see accounts.adapters. Never `VERIFIED_EMAIL` here.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
# Nobody gets an account without having seen the form with the terms.
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_PROVIDERS = {
    "github": {
        "SCOPE": ["read:user", "user:email"],
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [{"client_id": GITHUB_CLIENT_ID, "secret": GITHUB_CLIENT_SECRET}] if GITHUB_CLIENT_ID else [],
    }
}
if GITHUB_URL != "https://github.com":
    # Given this key, allauth asks for the API at GITHUB_URL/api/v3, which github.com itself does not have.
    SOCIALACCOUNT_PROVIDERS["github"]["GITHUB_URL"] = GITHUB_URL

# Language and time
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
#: Dates as the rest of the site writes them, in the admin as well.
FORMAT_MODULE_PATH = ["config.formats"]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# Static files: hashed, compressed and cached for a year; straight from the folders while developing.
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
if LOCAL:
    # Files come straight from their folders; WhiteNoise warns about a missing one all the same.
    STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = LOCAL
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # What applicants hand in: no address leads there but the view that asks who may read it.
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": MEDIA_ROOT,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if LOCAL
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Security
_github = urlsplit(GITHUB_URL)
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "connect-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF, f"{_github.scheme}://{_github.netloc}"],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
if not LOCAL:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    if TRUSTED_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# Before anything is kept: what is too large for every form here is read and dropped, and the rest of the form stays.
FILE_UPLOAD_HANDLERS = [
    "cohorts.upload_limits.LimitedUploads",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
MESSAGE_STORAGE = "django.contrib.messages.storage.fallback.FallbackStorage"

if DEBUG and not DEMO and "pytest" not in sys.modules:
    try:
        from debug_toolbar.settings import PANELS_DEFAULTS
    except ImportError:
        # A production install has no development packages.
        DEBUG_TOOLBAR = False
    else:
        DEBUG_TOOLBAR = True
        INSTALLED_APPS.append("debug_toolbar")
        MIDDLEWARE.insert(4, "debug_toolbar.middleware.DebugToolbarMiddleware")
        INTERNAL_IPS = ["127.0.0.1"]
        _tasks = "debug_toolbar.panels.tasks.TasksPanel"
        DEBUG_TOOLBAR_PANELS = list(PANELS_DEFAULTS)
        # Behind what a request queued: what became of it.
        DEBUG_TOOLBAR_PANELS.insert(PANELS_DEFAULTS.index(_tasks) + 1, "background.panel.BackgroundPanel")
else:
    DEBUG_TOOLBAR = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"class": "accounts.logs.MaskedTracebacks", "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "operations.logs.JsonLines", "mask_addresses": mask_tokens},
    },
    "filters": {"mask_feed_tokens": {"()": "accounts.logs.MaskFeedTokens"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["mask_feed_tokens"]}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        # The development server writes a line a request: of use while developing, noise in the demonstration.
        "django.server": {"handlers": ["console"], "level": "WARNING" if DEMO else "INFO", "propagate": False},
        # A line a request, by its route: for programs that collect them.
        "operations.requests": {"level": "INFO" if LOG_FORMAT == "json" else "WARNING"},
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
    },
}

if SENTRY_DSN:
    from operations import sentry
    from operations.version import version_in

    sentry.start(SENTRY_DSN, environment=SENTRY_ENVIRONMENT, release=version_in(BASE_DIR), hide=mask_event)
