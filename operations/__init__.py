"""Running the site: backups, what an operator should know, metrics, logs. Knows no app but `background`."""
