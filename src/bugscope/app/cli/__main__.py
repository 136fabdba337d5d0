"""python -m bugscope.cli"""

from . import main

main()
