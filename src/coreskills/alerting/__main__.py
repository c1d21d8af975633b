from coreskills.alerting.receiver import main

main()
