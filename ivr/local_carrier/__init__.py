"""The local carrier: it takes Twilio's place in local mode and in tests, and executes the product's TwiML.

It meets the product over HTTP only: no module here may import a feature, and no feature may import a module of this
package.
"""
