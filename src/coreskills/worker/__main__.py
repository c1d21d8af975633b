from coreskills.worker.process import main

main()
