@echo off
rem Runs the CLI in the environment that start.py has made, from any folder.
setlocal EnableExtensions DisableDelayedExpansion
set "ROOT=%~dp0"
set "STATE=%CORESKILLS_HOME%"
if not defined STATE set "STATE=%LOCALAPPDATA%\coreskills\default"
call :find_home %*
call :find_environment "%ROOT%.venv"
if not defined ENVIRONMENT call :find_environment "%STATE%\environment"
if not defined ENVIRONMENT goto incomplete
set "PYTHONHOME="
rem The program of this folder, even if the folder was moved after the environment was made.
set "PYTHONPATH=%ROOT%src"
"%ENVIRONMENT%\Scripts\python.exe" -P -m coreskills %*
exit /b %ERRORLEVEL%

:incomplete
rem Not in a block of brackets: there, a bracket in ROOT, as in "coreskills (1)", would be its end.
echo There is no complete environment for "%ROOT%" yet. Make it, and start: py -3 start.py>&2
echo To stop what an older environment started: py -3 stop.py>&2
exit /b 3

:find_home
rem cmd splits --home=FOLDER at the equals sign, so both spellings arrive as two words
if "%~1"=="" exit /b 0
if /i "%~1"=="--home" set "STATE=%~2"
shift
goto find_home

:find_environment
if not exist "%~1\complete" exit /b 0
if not exist "%~1\Scripts\python.exe" exit /b 0
fc /b "%ROOT%requirements.lock" "%~1\requirements.lock" >nul 2>nul || exit /b 0
set "ENVIRONMENT=%~1"
exit /b 0
