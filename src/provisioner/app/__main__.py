"""`python -m provisioner.app` is the command `provisioner`."""

from provisioner.app.main import main

main()
