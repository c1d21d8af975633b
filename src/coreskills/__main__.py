from coreskills.cli.main import run

run()
