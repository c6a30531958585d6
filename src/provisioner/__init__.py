"""The worker behind a web host's storefront."""
