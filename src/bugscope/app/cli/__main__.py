"""python -m bugscope.app.cli"""

from . import main

main()
