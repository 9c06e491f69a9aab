# LemonLDAP::NG's portal with the people of settings.json in its demonstration directory. Its pages, its protocols and
# all else are its own.
use strict;
use warnings;
use utf8;
use Encode qw(encode_utf8);
use JSON qw(decode_json);
use Plack::Builder;
use Plack::Util;
use Lemonldap::NG::Portal::Auth::Demo;
use Lemonldap::NG::Portal::UserDB::Demo;
use Lemonldap::NG::Portal::Main;
use Lemonldap::NG::Portal::Main::Constants qw(PE_OK PE_BADCREDENTIALS);

open my $file, '<', 'settings.json' or die "settings.json: $!";
my $settings = decode_json( do { local $/; <$file> } );
my %password;

%Lemonldap::NG::Portal::UserDB::Demo::demoAccounts = ();
%Lemonldap::NG::Portal::UserDB::Demo::demoGroups   = ();
foreach my $p ( @{ $settings->{people} } ) {
    $password{ $p->{user} } = $p->{password};
    $Lemonldap::NG::Portal::UserDB::Demo::demoAccounts{ $p->{user} } = {
        uid       => $p->{user},
        id        => $p->{id},
        mail      => $p->{email},
        cn        => encode_utf8( $p->{name} ),
        givenName => encode_utf8( $p->{given_name} ),
        sn        => encode_utf8( $p->{family_name} ),
    };
    push @{ $Lemonldap::NG::Portal::UserDB::Demo::demoGroups{$_} }, $p->{user} foreach @{ $p->{groups} };
}

# The demonstration directory takes everybody's name for their password.
{
    no warnings 'redefine';
    *Lemonldap::NG::Portal::Auth::Demo::authenticate = sub {
        my ( $self, $req ) = @_;
        return PE_OK if ( $password{ $req->{user} } // '' ) eq $req->data->{password};
        $self->setSecurity($req);
        return PE_BADCREDENTIALS;
    };
}

# It gives its cookies to a domain, and no browser takes a cookie for the domain of an IP address.
sub without_domain {
    my $app = shift;
    return sub {
        return Plack::Util::response_cb(
            $app->(@_),
            sub { s/;\s*domain=[^;]*//i foreach @{ $_[0]->[1] } }
        );
    };
}

builder {
    enable \&without_domain;
    enable 'Static', path => qr{^/static/},     root => '/usr/share/lemonldap-ng/portal/htdocs/';
    enable 'Static', path => qr{^/javascript/}, root => '/usr/share/';
    Lemonldap::NG::Portal::Main->run( {} );
};
