package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gatehouse.example/internal/state/account"
)

// NewUser is a user with a password. The password is kept as hashes only.
type NewUser struct {
	User     string `json:"user" maxLength:"512" example:"alice@example.test"`
	Password string `json:"password" writeOnly:"true"`
}

// User is a user of a hosted domain.
type User struct {
	User    string    `json:"user" example:"alice@example.test"`
	Created time.Time `json:"created,omitzero"`
	Login   string    `json:"login" example:"alice" doc:"the user name for the phone's password, without escapes"`
}

// UserList are all users by address.
type UserList struct {
	Users []User `json:"users"`
}

func (s *Server) users() {
	register(s, http.MethodGet, "/users", "list-users", "The users of hosted domains", s.listUsers)
	register(s, http.MethodPost, "/users", "put-user", "Add a user, or give one a new password", s.putUser)
	register(s, http.MethodDelete, "/users", "delete-user", "Remove a user", s.deleteUser)
}

type usersAnswer struct{ Body UserList }

func (s *Server) listUsers(context.Context, *struct{}) (*usersAnswer, error) {
	out := UserList{Users: []User{}}
	for _, u := range s.cfg.Accounts.List() {
		out.Users = append(out.Users, userOf(u))
	}
	return &usersAnswer{out}, nil
}

func userOf(u account.User) User {
	login, _ := account.Names(u.AoR)
	return User{User: strings.TrimPrefix(u.AoR, "sip:"), Login: login, Created: u.Created}
}

type userInput struct{ Body NewUser }

type userAnswer struct{ Body User }

func (s *Server) putUser(ctx context.Context, in *userInput) (*userAnswer, error) {
	aor, err := account.Canonical(in.Body.User)
	if err != nil {
		return nil, s.userError(err)
	}
	if _, domain := account.Names(aor); s.cfg.Hosts != nil && !s.cfg.Hosts(domain) {
		return nil, huma.Error422UnprocessableEntity("phones of " + domain + " do not register here; give the domain `deliver: home` first")
	}
	u, err := s.cfg.Accounts.SetPassword(ctx, aor, in.Body.Password, time.Now().UTC())
	if err != nil {
		return nil, s.userError(err)
	}
	return &userAnswer{userOf(u)}, nil
}

type userName struct {
	User string `query:"user" required:"true" maxLength:"512"`
}

func (s *Server) deleteUser(ctx context.Context, in *userName) (*struct{}, error) {
	found, err := s.cfg.Accounts.Delete(ctx, in.User)
	if err != nil {
		return nil, s.userError(err)
	}
	if !found {
		return nil, huma.Error404NotFound("there is no such user")
	}
	return nil, nil
}

func (s *Server) userError(err error) error {
	if errors.Is(err, account.ErrAddress) || errors.Is(err, account.ErrPassword) {
		return huma.Error422UnprocessableEntity(strings.TrimPrefix(err.Error(), "account: "))
	}
	return s.failed("the user store", err)
}
